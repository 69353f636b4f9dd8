const FENCE = /```[\s\S]*?(?:```|$)/gu
const INLINE = /`[^`\n]+`/gu
const CODE_LINE =
  /[{};]\s*$|^\s*[{}[\]<]|^\s*"[^"]*"\s*:|=>|::|\(\)|^\s*(?:import|export|const|let|var|def|class|function|return|public|private|#include|SELECT|INSERT|UPDATE|DELETE)\b.*[=({;*]/u

/**
 * The share of a text, from 0 to 1, that is code or data: fenced, in backquotes, or lines that look like it. One character
 * of code changes what it does, and an embedder does not see it.
 */
export function codeShare(text: string): number {
  if (text.length === 0) return 0
  let code = 0
  const count = (found: string) => {
    code += found.length
    return ''
  }
  const prose = text.replace(FENCE, count).replace(INLINE, count)
  for (const line of prose.split('\n')) if (CODE_LINE.test(line)) code += line.length
  return Math.min(1, code / text.length)
}
