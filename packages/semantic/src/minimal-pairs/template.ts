/**
 * A template: `original | changed | twin | twin`, and what its slots are filled with. `{0}` and `{1}` are the fields of a filling.
 * The first twin changes the wording a little, the second more.
 */
export interface Template {
  readonly text: string
  readonly fillings: readonly string[]
}
