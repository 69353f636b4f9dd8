import * as frames from '../../packages/core/src/redis/script/frame-scripts.ts'
import * as metadata from '../../packages/core/src/redis/script/metadata-scripts.ts'

const names = new Map<string, string>()
for (const { digest, source, name } of [...Object.values(frames), ...Object.values(metadata)]) {
  names.set(digest, name)
  names.set(source, name)
}

/** The name of a script by its digest or source, for reports. */
export function nameOf(script: string): string {
  return names.get(script) ?? 'another script'
}
