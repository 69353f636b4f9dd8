export {
  type GivenSemanticCache,
  NoSemanticCache,
  type OwnSemanticCache,
  SemanticCached,
  type SemanticCachedCheck,
  type SemanticCachedNaming,
  type SemanticCachedOptions,
} from './semantic-cached.ts'
