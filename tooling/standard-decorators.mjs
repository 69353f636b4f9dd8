import { transform } from 'esbuild'

/**
 * A Vite plugin that lowers standard decorators in the files whose path matches: Vite lowers legacy decorators by the nearest tsconfig
 * and leaves standard ones as they are, which Node cannot parse.
 * @param {RegExp} path
 */
export function standardDecorators(path) {
  return {
    name: 'standard-decorators',
    enforce: /** @type {const} */ ('pre'),
    /**
     * @param {string} code
     * @param {string} id
     */
    async transform(code, id) {
      if (!path.test(id.split('?')[0] ?? '')) return undefined
      const lowered = await transform(code, {
        loader: 'ts',
        target: 'es2022',
        tsconfigRaw: {},
        keepNames: true,
        sourcemap: true,
        sourcefile: id,
      })
      return { code: lowered.code, map: lowered.map }
    },
  }
}
