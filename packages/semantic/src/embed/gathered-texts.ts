/** Embeds texts; the signal fires when nobody waits any more. */
export type EmbedBatch = (texts: readonly string[], signal: AbortSignal) => Promise<readonly Float32Array[]>

interface Job {
  readonly texts: readonly string[]
  readonly settle: (vectors: Promise<readonly Float32Array[]>) => void
  /** Its caller has left. */
  left: boolean
}

/**
 * Makes a function that gathers the texts of all calls of one turn of the event loop into batches. A batch holds whole calls, and
 * a call that is larger than a batch is one of its own, in pieces.
 */
export function gatherTexts(
  embed: EmbedBatch,
  batchSize: number,
): (texts: readonly string[], signal: AbortSignal | undefined) => Promise<readonly Float32Array[]> {
  let waiting: Job[] = []

  function flush(): void {
    const jobs = waiting
    waiting = []
    for (const batch of batchesOf(jobs, batchSize)) send(batch)
  }

  function send(jobs: readonly Job[]): void {
    const nobodyWaits = new AbortController()
    const left = () => {
      if (jobs.every((job) => job.left)) nobodyWaits.abort(new Error('Nobody waits for these embeddings any more.'))
    }
    for (const job of jobs) leaving.set(job, left)
    const texts = jobs.flatMap((job) => job.texts)
    const vectors = inPieces(embed, texts, { batchSize, signal: nobodyWaits.signal })
    vectors.catch(() => {})
    let from = 0
    for (const job of jobs) {
      const start = from
      from += job.texts.length
      job.settle(vectors.then((all) => all.slice(start, start + job.texts.length)))
    }
  }

  const leaving = new WeakMap<Job, () => void>()

  return (texts, signal) =>
    new Promise((resolve, reject) => {
      const leave = () => {
        job.left = true
        leaving.get(job)?.()
        reject((signal as AbortSignal).reason)
      }
      const job: Job = {
        texts,
        left: false,
        settle: (vectors) => {
          vectors.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave))
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      if (waiting.push(job) === 1) queueMicrotask(flush)
    })
}

function batchesOf(jobs: readonly Job[], batchSize: number): Job[][] {
  const batches: Job[][] = []
  let room = 0
  for (const job of jobs) {
    if (job.left) continue
    const last = batches.at(-1)
    if (last === undefined || job.texts.length > room) {
      batches.push([job])
      room = batchSize - job.texts.length
    } else {
      last.push(job)
      room -= job.texts.length
    }
  }
  return batches
}

async function inPieces(
  embed: EmbedBatch,
  texts: readonly string[],
  { batchSize, signal }: { batchSize: number; signal: AbortSignal },
): Promise<readonly Float32Array[]> {
  const vectors: Float32Array[] = []
  for (let at = 0; at < texts.length; at += batchSize)
    vectors.push(...(await embed(texts.slice(at, at + batchSize), signal)))
  return vectors
}
