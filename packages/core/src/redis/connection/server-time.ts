/** How much two clocks may drift apart, as a share of the time: what NTP allows itself for slewing. */
const DRIFT = 0.000_5

/**
 * The server's clock beside the process's monotonic one. The exchange with the shortest round trip bounds the error best;
 * an old estimate gives way to a newer one, because clocks drift.
 */
export class ServerTime {
  #earliest = 0
  #offset = 0
  #roundTrip = Number.POSITIVE_INFINITY
  #estimatedAt = 0
  #heardAt = Number.NEGATIVE_INFINITY

  /** Learns from one exchange; all in milliseconds. */
  learn(serverTime: number, sentAt: number, receivedAt: number): void {
    const roundTrip = receivedAt - sentAt
    this.#heardAt = receivedAt
    const expired = receivedAt - this.#estimatedAt > 60_000
    if (roundTrip > this.#roundTrip && !expired) return
    this.#offset = serverTime - (sentAt + receivedAt) / 2
    this.#earliest = serverTime - receivedAt
    this.#roundTrip = roundTrip
    this.#estimatedAt = receivedAt
  }

  /** A new server: nothing known of the last one holds. */
  forget(): void {
    this.#roundTrip = Number.POSITIVE_INFINITY
  }

  /** Milliseconds since the server's time was last heard. */
  age(now: number): number {
    return now - this.#heardAt
  }

  /**
   * A server instant that is not after the local one, whatever the ways there and back took and however the clocks drifted:
   * what the server refuses after it cannot be executed after the local deadline. One millisecond is what the server rounds off.
   */
  notAfter(local: number): number {
    return local + this.#earliest - 1 - Math.max(0, local - this.#estimatedAt) * DRIFT
  }

  toServer(local: number): number {
    return local + this.#offset
  }

  toLocal(server: number): number {
    return server - this.#offset
  }
}
