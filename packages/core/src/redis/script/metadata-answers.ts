import { createHash } from 'node:crypto'
import type { ClockReading } from '../../invalidation/clock-reading.ts'
import type { Hello } from '../../invalidation/link.ts'
import type { Member } from '../bus/acknowledgements.ts'
import { bytesIn, listIn, refuseAnswer, wholeIn } from '../connection/answers.ts'
import type { Told } from '../frames.ts'

/*
 * The answers of the scripts over the metadata. What a process believes for longer than one call, the clock and the records,
 * comes with a seal: a digit that was changed on the way would let old entries pass for current ones.
 */

/** A hello as answered: what the link adopts, and the server's milliseconds. */
export function helloIn(reply: unknown): { readonly hello: Hello; readonly serverTime: number } {
  const answer = listIn(reply, 8)
  const [incarnation, tagClock, sequence, floor, serverTime, count] = answer.slice(0, 6).map(wholeIn)
  const flat = listIn(answer[6]).map(textIn)
  checkSeal([...answer.slice(0, 6).map(String), ...flat], answer[7])
  const records = Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], Number(flat[2 * at + 1])] as const)
  const hello: Hello = {
    incarnation: incarnation as number,
    tagClock: tagClock as number,
    sequence: sequence as number,
    floor: floor as number,
    records: records as Hello['records'],
    complete: records.length >= (count as number),
  }
  return { hello, serverTime: serverTime as number }
}

/** The records of so many members; undefined when the metadata is another one. */
export function recordsIn(reply: unknown, members: number): number[] | undefined {
  if (reply instanceof Uint8Array) return String(reply) === 'lost' ? undefined : refuseAnswer('tag records')
  const records = listIn(reply, members + 1).map(textIn)
  const seal = records.pop()
  checkSeal(records, seal)
  return records.map(Number)
}

/** The clock, alone. */
export function clockIn(reply: unknown): ClockReading {
  return readingOf(listIn(reply, 3))
}

/**
 * The clock, and who may serve memory without having heard of it. None has more left than a whole lease, whatever their ends
 * say: a server whose clock was put back would have everybody wait for those that are gone until it shows that time again.
 */
export function clockAndMembersIn(
  reply: unknown,
  lease: number,
): { readonly reading: ClockReading; readonly members: readonly Member[] } {
  const answer = listIn(reply, 5)
  const now = wholeIn(answer[3])
  const flat = listIn(answer[4]).map(textIn)
  const members = Array.from({ length: flat.length / 2 }, (_, at) => ({
    name: flat[2 * at] as string,
    remaining: Math.min(lease, Number(flat[2 * at + 1]) - now),
  }))
  return { reading: readingOf(answer), members }
}

/** Whether a frame was stored, and the clock after it was told. */
export function toldIn(reply: unknown): Told {
  const [stored, ...clock] = listIn(reply)
  const isStored = wholeIn(stored) === 1
  if (clock.length === 0) return { stored: false, reading: undefined }
  return { stored: isStored, reading: readingOf(listIn(clock, 3)) }
}

function readingOf(answer: readonly unknown[]): ClockReading {
  const [incarnation, tagClock, sequence] = answer.slice(0, 3).map(wholeIn)
  return { incarnation: incarnation as number, tagClock: tagClock as number, sequence: sequence as number }
}

function textIn(element: unknown): string {
  return typeof element === 'number' ? String(element) : String(bytesIn(element) ?? refuseAnswer('a text'))
}

/** The scripts seal with the SHA-1 of their answer's parts: it is at hand on the server, and no enemy is meant. */
function checkSeal(parts: readonly string[], seal: unknown): void {
  if (createHash('sha1').update(parts.join(' ')).digest('hex') !== String(seal)) refuseAnswer('what its seal says')
}
