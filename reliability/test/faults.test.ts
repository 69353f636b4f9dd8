import { describe, expect, test } from 'vitest'
import { FAULTS } from '../faults/catalogue.ts'
import { FAST, runTrial } from '../faults/trial.ts'

/** What each fault leads to beside the promises that hold for all of them: what is counted or logged, or that nothing is. */
const TRACES: Readonly<Record<string, { readonly counted?: string | readonly string[]; readonly logged?: RegExp }>> = {
  refused: { logged: /redis lost/ },
  reset: { logged: /redis lost \(reset\)/ },
  hang: { counted: 'deadline', logged: /redis lost \(deadline\)/ },
  'replies only hang': { counted: 'deadline', logged: /redis lost \(deadline\)/ },
  'black hole': { counted: 'deadline', logged: /redis lost \(deadline\)/ },
  'slow replies (150 ms)': { logged: /redis (lost|failed) \(deadline\)/ },
  'slow replies, slowAfter 20 ms': { counted: 'hedged', logged: /redis (lost|failed) \(deadline\)/ },
  'slower than the budget': { counted: 'deadline', logged: /redis lost \(deadline\)/ },
  'cut mid-reply': { logged: /redis lost \(reset\)/ },
  'protocol garbage': { logged: /redis lost/ },
  'unknown host': { logged: /redis lost \((dns|deadline)\)/ },
  'TLS handshake': { logged: /redis lost \((tls|deadline|reset)\)/ },
  'TLS key changed': { logged: /redis awaited \(tls\)/ },
  'SIGSTOP, SIGCONT': { counted: 'deadline', logged: /redis lost \(deadline\)/ },
  'kill, restart empty': { logged: /redis lost/ },
  'kill, restart with old data': { logged: /redis lost/ },
  LOADING: { logged: /redis awaited \(loading\)/ },
  READONLY: { counted: 'readonly', logged: /redis lost \(readonly\)/ },
  'BUSY script': { logged: /redis lost/ },
  'OOM, noeviction': { counted: 'oom', logged: /redis failed \(oom\)/ },
  NOAUTH: { logged: /redis awaited \(auth\)/ },
  WRONGPASS: { logged: /redis awaited \(auth\)/ },
  'too many clients': { logged: /redis lost/ },
  'wrong database': { logged: /redis lost \(database\)/ },
  'SCRIPT FLUSH': {},
  FLUSHALL: { logged: /redis lost/ },
  'clock evicted': { logged: /redis lost/ },
  'tag records evicted': { logged: /redis lost/ },
  failover: { logged: /redis lost/ },
  'truncated frames': { counted: 'errors', logged: /frame rejected/ },
  'bit-flipped frames': { counted: 'errors', logged: /frame rejected/ },
  'frames of a newer version': { counted: 'errors', logged: /frame rejected/ },
  'wrong encryption key': { counted: 'errors', logged: /frame rejected/ },
  'WRONGTYPE at our keys': { counted: 'wrongtype', logged: /redis failed \(wrongtype\)/ },
  // Too slow on one machine, and refused for its size on a faster one.
  'huge value': { counted: ['deadline', 'errors'], logged: /redis lost|redis failed|frame rejected/ },
}

describe('whatever Redis does: no error, no stale answer, no lost invalidation, and a way back', () => {
  test('every fault has its row here', () => {
    expect(FAULTS.map(({ name }) => name).toSorted()).toEqual(Object.keys(TRACES).toSorted())
  })

  test.concurrent.for(FAULTS)('$name', async (fault, { expect }) => {
    const row = await runTrial(fault, FAST)
    expect(row).toMatchObject({ errorsSeen: 0, staleReads: 0, lostInvalidations: 0, unsettled: 0, ok: true })
    expect(row.calls).toBeGreaterThan(5)
    const { counted, logged } = TRACES[fault.name] ?? {}
    if (counted !== undefined) {
      const any = [counted].flat().reduce((sum, what) => sum + (row.counted[what] ?? 0), 0)
      expect(any, `${[counted].flat().join(' or ')} in ${JSON.stringify(row.counted)}`).toBeGreaterThan(0)
    }
    if (logged !== undefined) expect(Object.keys(row.logged).some((line) => logged.test(line))).toBe(true)
  })
})
