/** Larger memory is not held on to. */
const LARGEST_VIEW = 1024 * 1024

let last: DataView = new DataView(new ArrayBuffer(0))

/**
 * A view of the whole memory that some bytes lie in: what stands at `at` in them stands at `bytes.byteOffset + at` here.
 * Replies of one read share their memory, and reading numbers through a view is several times faster than byte by byte.
 */
export function viewOf(bytes: Uint8Array): DataView {
  const { buffer } = bytes
  if (last.buffer === buffer) return last
  const view = new DataView(buffer)
  if (buffer.byteLength <= LARGEST_VIEW) last = view
  return view
}
