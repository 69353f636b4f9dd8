import { GranaryError } from '@granary/core'

/** The embedder cannot answer now, or answered something that is no embedding. The cache asks the model instead. */
export class EmbedderUnavailable extends GranaryError {
  constructor(message: string, cause?: unknown) {
    super('EMBEDDER_UNAVAILABLE', message, { cause })
  }
}
