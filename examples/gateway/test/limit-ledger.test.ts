import { describe, expect, test } from 'vitest'
import { LimitLedger, type PromisedLimit } from '../demo/oracle/limit-ledger.ts'

const MINUTE = 60_000
const WINDOW: PromisedLimit = { name: 'minute', least: 3, most: 3, length: MINUTE, kind: 'window' }
const BUCKET: PromisedLimit = { name: 'burst', least: 3, most: 3, length: MINUTE, kind: 'bucket' }
const PLACES: PromisedLimit = { name: 'places', least: 2, most: 2, length: undefined, kind: 'places' }

/** A ledger of requests about one limit, and what it objects to. Each takes ten milliseconds unless it says otherwise. */
function ledgerOf(limit: PromisedLimit) {
  const ledger = new LimitLedger()
  const note = (at: number, how: 'admitted' | 'refused', { lasts = 10, units = 1 } = {}) =>
    ledger.note(
      { process: 0, startedAt: at, endedAt: at + lasts },
      {
        subject: 'somebody',
        limits: [limit],
        used: { [limit.name]: units },
        reserved: { [limit.name]: units },
        blamed: how === 'refused' ? [limit.name] : undefined,
      },
    )
  const conclude = () => {
    ledger.conclude()
    return ledger.findings
  }
  return { ledger, note, conclude }
}

describe('the ledger of limited requests', () => {
  test('objects to one admission too many within a window, wherever the window begins', () => {
    const { note, conclude } = ledgerOf(WINDOW)
    for (const at of [0, 40_000, 50_000, 59_000]) note(at, 'admitted')
    expect(conclude()).toEqual(['somebody minute: 4 in a window that may hold 3'])
  })

  test('does not object where it may have been a window apart', () => {
    const { note, conclude } = ledgerOf(WINDOW)
    for (const at of [0, 40_000, 50_000, 59_995]) note(at, 'admitted')
    expect(conclude()).toEqual([])
  })

  test('counts units, and twice the limit where Redis was lost', () => {
    const { ledger, note, conclude } = ledgerOf(WINDOW)
    note(0, 'admitted', { units: 3 })
    note(30_000, 'admitted', { units: 3 })
    ledger.interrupted({ from: 20_000, until: 25_000, processes: 2 })
    expect(conclude()).toEqual([])
    note(200_000, 'admitted', { units: 3 })
    note(230_000, 'admitted', { units: 1 })
    expect(conclude()).toHaveLength(1)
  })

  test('objects to a refusal while there was room', () => {
    const { note, conclude } = ledgerOf(WINDOW)
    note(0, 'admitted')
    note(1_000, 'admitted')
    note(2_000, 'refused')
    expect(conclude()).toEqual(['somebody minute: refused, though it cannot have been used up'])
  })

  test('does not object to a refusal that requests under way may have caused', () => {
    const { note, conclude } = ledgerOf(WINDOW)
    note(0, 'admitted', { lasts: 5_000 })
    note(1_000, 'admitted', { lasts: 5_000 })
    note(2_000, 'admitted', { lasts: 5_000 })
    note(2_500, 'refused')
    expect(conclude()).toEqual([])
  })

  test('without Redis a process has its part, and may refuse when that is used', () => {
    const { ledger, note, conclude } = ledgerOf(WINDOW)
    ledger.interrupted({ from: 0, until: 10_000, processes: 3 })
    note(0, 'admitted')
    note(5_000, 'refused')
    note(20_000, 'refused')
    expect(conclude()).toHaveLength(1)
  })

  test('a bucket fills again; one that has is not a reason to refuse', () => {
    const { note, conclude } = ledgerOf(BUCKET)
    for (const at of [0, 1, 2]) note(at, 'admitted')
    note(5_000, 'refused')
    note(45_000, 'refused')
    expect(conclude()).toHaveLength(1)
  })

  test('places are held while requests run', () => {
    const { note, conclude } = ledgerOf(PLACES)
    note(0, 'admitted', { lasts: 60_000 })
    note(10, 'admitted', { lasts: 60_000 })
    note(30_000, 'refused')
    note(90_000, 'refused')
    expect(conclude()).toHaveLength(1)
  })
})
