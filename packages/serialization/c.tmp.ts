import { copyOf, createClassRegistry, examine } from './src/index.ts'

const registry = createClassRegistry()
const row: any = {
  id: 12345,
  email: 'user12345@example.com',
  name: 'User Number 12345',
  credits: 1042.5,
  plan: 'pro',
  is_active: true,
  created_at: new Date(),
  updated_at: new Date(),
  role: 'user',
}
const rows = Array.from({ length: 1000 }, (_, i) => ({
  ...row,
  id: i,
  meta: { a: [1, 2], b: 'x' },
  created_at: new Date(i),
}))
for (const v of [row, rows]) examine(v, { registry, freeze: true })
function u(name: string, f: () => unknown, n: number) {
  let d = 1e9
  for (let k = 0; k < 5; k++) {
    const s = performance.now()
    for (let i = 0; i < n; i++) f()
    d = Math.min(d, ((performance.now() - s) * 1000) / n)
  }
  console.log(name, d.toFixed(3), 'us')
}
u('copy row', () => copyOf(row, registry), 200000)
u('copy 1000 rows', () => copyOf(rows, registry), 200)
u(
  'floor {...row, dates}',
  () =>
    Object.freeze({
      ...row,
      created_at: new Date(row.created_at.getTime()),
      updated_at: new Date(row.updated_at.getTime()),
    }),
  200000,
)
