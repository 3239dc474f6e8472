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
  fault?: MigrationFault
}
