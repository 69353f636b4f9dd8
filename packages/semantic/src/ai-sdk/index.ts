export { type SemanticMiddlewareOptions, semanticCacheMiddleware } from './middleware.ts'
