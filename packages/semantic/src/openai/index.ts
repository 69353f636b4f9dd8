export { withSemanticCache } from './with-semantic-cache.ts'
