import { createCache } from '@granary/core'
import { loadPatched } from '../mutations/build.ts'
import { SMALL_TABLES } from '../mutations/patch.ts'
import { runMutations } from '../mutations/run.ts'
import { readArguments, type TortureArguments } from './arguments.ts'
import { runCampaign } from './campaign/campaign.ts'
import { Progress } from './campaign/progress.ts'
import { describeFinding, describeTally } from './campaign/report.ts'
import { Tally } from './campaign/tally.ts'
import type { World } from './campaign/world.ts'
import { REQUIRED_REAL, REQUIRED_SIMULATED } from './history/coverage.ts'
import { RealWorldOfSites } from './real/real-world.ts'
import { simulatedWorld } from './simulated/simulated-world.ts'

// Errors are made by the thousand and never read here.
Error.stackTraceLimit = 0

const print = (line: string) => console.log(line)

/** Below this many schedules chance decides which situations occur. */
const ENOUGH = 1_000

async function startWorld({ simulated, small, library, parallel, topology }: TortureArguments): Promise<World> {
  if (!simulated) return RealWorldOfSites.start({ library, parallel, topology, patches: small ? SMALL_TABLES : [] })
  return simulatedWorld(small ? await loadPatched('small tables', SMALL_TABLES) : createCache)
}

/** Answers how many schedules broke a promise, and how many situations were too rare. */
async function torture(asked: TortureArguments): Promise<number> {
  const { simulated, small, library, topology, seed, schedules, resume, verbose } = asked
  const where = simulated ? 'simulated' : topology === 'single' ? 'real' : topology
  const name = [where, library, small ? 'small' : 'usual', seed].join('-')
  const progress = new Progress(name)
  const earlier = resume ? progress.earlier : undefined
  if (resume)
    print(earlier === undefined ? 'nothing to resume: beginning anew' : `resumed after ${earlier.schedules} schedules`)
  const before = earlier?.schedules ?? 0
  const every = simulated ? 1_000 : 50
  const onProgress = (so: Tally) => {
    if ((so.schedules - before) % every !== 0) return
    progress.save(so)
    print(`${so.schedules - before} of ${schedules} schedules, ${so.broken} broke a promise`)
  }
  const world = await startWorld(asked)
  const plan = {
    world,
    seed: seed + before,
    schedules,
    tally: earlier ?? new Tally(),
    shrinks: !asked.unshrunk,
    onProgress,
  }
  const { tally, minutes, findings } = await runCampaign(plan).finally(() => world.stop())
  progress.save(tally)
  for (const { finding, shrunkFrom } of findings) print(describeFinding(finding, shrunkFrom))
  const required =
    library === 'granary' && topology === 'single' && tally.schedules >= ENOUGH
      ? simulated
        ? REQUIRED_SIMULATED
        : REQUIRED_REAL
      : {}
  const rare = tally.coverage.rare(required, tally.schedules)
  for (const line of describeTally(tally, verbose)) print(line)
  for (const situation of rare) print(`too rare: ${situation}`)
  print(`seed ${seed}, ${(schedules / minutes).toFixed(0)} schedules a minute`)
  print(`torture: schedules=${tally.schedules} reads=${tally.reads} violations=${tally.broken}`)
  return tally.broken + rare.length
}

const asked = readArguments(process.argv.slice(2))
const wrong = asked.mutations ? await runMutations({ ...asked, print }) : await torture(asked)
process.exit(wrong === 0 ? 0 : 1)
