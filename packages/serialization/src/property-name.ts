const BARE = /^[A-Za-z_$][\w$]*$/

/** Whether a property name can be written without quotes. */
export function isBare(name: string): boolean {
  return BARE.test(name)
}

/** The way into a property, as paths in messages show it: `.name` or `["any name"]`. */
export function wayToProperty(name: string): string {
  return isBare(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
