/** The provider's part of a model's id: what stands before the first slash. */
export function providerOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('/')))
}
