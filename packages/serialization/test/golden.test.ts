import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeFrame, FRAME } from '../src/index.ts'
import { identical } from './c9-values.ts'
import { FOLDER, fields, golden, payloads, sealContext } from './frames/golden.ts'

const folder = new URL(`frames/${FOLDER}/`, import.meta.url)

describe('frames written by the first release of format 1 are read for ever', () => {
  test('every value and layout has its file, and every file its value', () => {
    expect(readdirSync(folder).sort()).toEqual(golden.map(({ file }) => file).sort())
    expect(new Set(golden.map(({ file }) => file.toLowerCase())).size).toBe(golden.length)
  })

  test.for(golden)('$file', ({ file, make, differs }) => {
    const bytes = readFileSync(new URL(file, folder))
    const frame = decodeFrame(bytes)
    const { payload, associated } = frame
    expect(frame).toMatchObject({
      ...fields,
      placeholder: false,
      waiter: false,
      token: Buffer.alloc(8),
      leaseDeadline: 0,
      ...differs,
    })
    if (make === undefined) return
    const sealed = ((bytes[FRAME.flagsAt] as number) & FRAME.flags.sealed) !== 0
    expect(
      identical(
        payloads.unpack(payload, () => sealContext(associated), { sealed }),
        make(),
      ),
    ).toBe(true)
    expect(sealed).toBe(file.includes('-sealed'))
  })
})
