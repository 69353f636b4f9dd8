/**
 * The server's clock beside the process's monotonic one. The exchange with the shortest round trip bounds the error best;
 * an old estimate gives way to a newer one, because clocks drift.
 */
export class ServerTime {
  #offset = 0
  #roundTrip = Number.POSITIVE_INFINITY
  #estimatedAt = 0

  /** Learns from one exchange; all in milliseconds. */
  learn(serverTime: number, sentAt: number, receivedAt: number): void {
    const roundTrip = receivedAt - sentAt
    const expired = receivedAt - this.#estimatedAt > 60_000
    if (roundTrip > this.#roundTrip && !expired) return
    this.#offset = serverTime - (sentAt + receivedAt) / 2
    this.#roundTrip = roundTrip
    this.#estimatedAt = receivedAt
  }

  /** A new server: nothing known of the last one holds. */
  forget(): void {
    this.#roundTrip = Number.POSITIVE_INFINITY
  }

  toServer(local: number): number {
    return local + this.#offset
  }

  toLocal(server: number): number {
    return server - this.#offset
  }
}
