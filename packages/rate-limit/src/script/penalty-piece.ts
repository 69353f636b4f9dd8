/** The Lua twin of `rule/penalty.ts`. */
import type { PenaltyRule } from '../rule/penalty.ts'
import type { Field } from './part.ts'

/** The numbers of a subject whose refusals are punished. */
export const PENALTY_FIELDS: readonly Field[] = [
  { name: 'strikes', format: 'I2' },
  { name: 'struck', format: 'd' },
]

/** Counts a refusal, and sets `struck_now` when the subject has changed by it. */
export function penaltyPiece({ after, first, factor, max, forget }: PenaltyRule): string {
  return `
local struck_now = op ~= 'peek' and blocked <= now
if struck_now then
  if strikes > 0 and struck + ${forget} > now then strikes = strikes + 1 else strikes = 1 end
  if strikes >= ${after} then
    local length = ${first}
    for more = strikes - ${after}, 1, -1 do
      if length >= ${max} then break end
      length = length * ${factor}
    end
    blocked = now + math.min(length, ${max})
  end
  strikes, struck = math.min(strikes, 65535), now
end`
}
