/** Whether a string has no lone surrogate, hence survives UTF-8. (`String.prototype.isWellFormed`, ECMAScript 2024, Node 20.) */
export function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed()
}
