import type { ClassRegistration } from '../../src/index.ts'

/** A class whose instances may be cached. */
export class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }
}

/** How they become data and come back. */
export const MONEY: ClassRegistration = {
  name: 'Money',
  type: Money,
  toData: (money: Money) => money.cents,
  fromData: (cents: number) => new Money(cents),
} as never
