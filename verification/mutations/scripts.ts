// The Lua scripts of the engine: an entry point that can be built with patches applied.
export * as frames from '../../packages/core/src/redis/script/frame-scripts.ts'
export * as metadata from '../../packages/core/src/redis/script/metadata-scripts.ts'
