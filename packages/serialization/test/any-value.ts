import fc from 'fast-check'

const keys = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('__proto__', '__keys__', 'constructor', '1', '01', '\ud800', 'toJSON', 'hasOwnProperty'),
)

/** Any value that can be cached without registered classes: nested, with odd keys, shared references and built-ins. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.integer(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, undefined, null, true, false, ''),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800', 'x\udc00', '__proto__'),
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.float64Array({ maxLength: 4 }),
    fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(/a/g, /[^b]+/u).map((pattern) => new RegExp(pattern)),
  ),
  node: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 6 }),
    fc.dictionary(keys, tie('node'), { maxKeys: 6, noNullPrototype: false }),
    fc.dictionary(fc.constantFrom('id', 'name', 'price'), tie('node')),
    fc.array(fc.tuple(tie('node'), tie('node')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('node'), { maxLength: 4 }).map((items) => new Set(items)),
    tie('node').map((value) => [value, { again: value }]),
  ),
})).node
