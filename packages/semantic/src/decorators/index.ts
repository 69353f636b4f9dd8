export {
  NoSemanticCache,
  SemanticCached,
  type SemanticCachedCheck,
  type SemanticCachedOptions,
} from './semantic-cached.ts'
