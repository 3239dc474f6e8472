import type { AfterStep } from './after-rules.ts'

/** Why a migration is refused. */
export interface MigrationFault {
  /** Number of the statement, from 1; absent when it concerns the whole text. */
  statement?: number
  /** Goes on from "is refused: ". */
  reason: string
}

export interface Judgement {
  /** To be run one by one, each exactly as it was judged; empty when there is a fault. */
  statements: string[]
  /** What the statements are, in the part `after`. */
  steps?: AfterStep[]
  fault?: MigrationFault
}

/** `change`: the files `.up.sql` and `.down.sql`, run in one transaction. `after`: an `.after.sql`, whose statements run alone once that is committed. */
export type MigrationPart = 'change' | 'after'

export interface AfterJudgement {
  /** To be run one by one; empty when there is a fault. */
  steps: AfterStep[]
  fault?: MigrationFault
}
