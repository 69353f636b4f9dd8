/** A map from objects to objects that costs next to nothing while it holds a few. */
export class ReferenceMap {
  private readonly from: object[] = []
  private readonly to: object[] = []
  private large: Map<object, object> | undefined

  /** What the object stands for, if anything. */
  get(key: object): object | undefined {
    if (this.large !== undefined) return this.large.get(key)
    const at = this.from.indexOf(key)
    return at < 0 ? undefined : this.to[at]
  }

  /** Lets the object stand for another. */
  set(key: object, value: object): void {
    if (this.large !== undefined) {
      this.large.set(key, value)
      return
    }
    const at = this.from.indexOf(key)
    if (at >= 0) this.to[at] = value
    else if (this.from.length < FEW) {
      this.from.push(key)
      this.to.push(value)
    } else {
      this.large = new Map(this.from.map((object, index) => [object, this.to[index] as object]))
      this.large.set(key, value)
    }
  }
}

/** Up to this many, looking through a list is faster than hashing. */
const FEW = 12
