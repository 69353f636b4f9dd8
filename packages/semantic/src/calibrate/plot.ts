import type { Sweep, SweepPoint } from './sweep.ts'

const WIDTH = 640
const HEIGHT = 400
const LEFT = 56
const TOP = 24
const RIGHT = WIDTH - 24
const BOTTOM = HEIGHT - 56
const FROM = 0.5

const across = (threshold: number) => LEFT + ((threshold - FROM) / (1 - FROM)) * (RIGHT - LEFT)
const down = (share: number) => BOTTOM - share * (BOTTOM - TOP)
const spot = (value: number) => value.toFixed(1)

/** Precision, recall and the bound over the threshold, as an SVG document. */
export function plot({ points, recommended }: Sweep, title: string): string {
  const lines = [
    curve(points, ({ precision }) => precision, '#1b7f4d'),
    curve(points, ({ recall }) => recall, '#2b5fb3'),
    curve(points, ({ bound }) => bound, '#b3402b', '4 3'),
    ...(recommended === undefined ? [] : [mark(recommended)]),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="16" font-weight="bold">${escaped(title)}</text>`,
    ...grid(),
    ...lines,
    legend(LEFT + 12, 'precision', '#1b7f4d'),
    legend(LEFT + 112, 'recall', '#2b5fb3'),
    legend(LEFT + 192, 'upper bound on wrong per hit', '#b3402b'),
    `<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 32}" text-anchor="middle">cosine similarity</text>`,
    '</svg>',
    '',
  ].join('\n')
}

function curve(
  points: readonly SweepPoint[],
  share: (point: SweepPoint) => number,
  colour: string,
  dashes = '',
): string {
  const path = points.map((point) => `${spot(across(point.threshold))},${spot(down(share(point)))}`).join(' ')
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes === '' ? '' : ` stroke-dasharray="${dashes}"`}/>`
}

function mark({ threshold }: SweepPoint): string {
  const x = spot(across(Math.max(FROM, threshold)))
  return `<line x1="${x}" x2="${x}" y1="${TOP}" y2="${BOTTOM}" stroke="#666666" stroke-dasharray="2 2"/><text x="${x}" y="${BOTTOM + 46}" text-anchor="middle">${threshold.toFixed(3)}</text>`
}

function grid(): readonly string[] {
  const shares = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line x1="${LEFT}" x2="${RIGHT}" y1="${spot(down(share))}" y2="${spot(down(share))}" stroke="#dddddd"/><text x="${LEFT - 8}" y="${spot(down(share) + 4)}" text-anchor="end">${share * 100} %</text>`,
  )
  const thresholds = [0.5, 0.6, 0.7, 0.8, 0.9, 1].map(
    (threshold) =>
      `<text x="${spot(across(threshold))}" y="${BOTTOM + 16}" text-anchor="middle">${threshold.toFixed(1)}</text>`,
  )
  return [...shares, ...thresholds]
}

function legend(x: number, name: string, colour: string): string {
  return `<text x="${x}" y="${HEIGHT - 6}" fill="${colour}">${name}</text>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
