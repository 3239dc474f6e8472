import type { DatabaseTransaction } from '../database/index.ts'
import type { Ability } from './ability.ts'
import type { Related } from './related.ts'
import type { Actor, EngineParts, HookCaller, HookOutcome } from './entity-transaction.ts'
import type { Json } from '@opsflux/sdk'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'

/** What a write needs. */
export interface Writing {
  transaction: DatabaseTransaction
  release: ReleaseEntities
  actor: Actor
  ability: Pick<Ability, 'require' | 'requireWith' | 'requireCreate' | 'requireMove' | 'condition' | 'writable'>
  parts: EngineParts
  related: Related
  hooks: Pick<HookCaller, 'wants'> & { call(entity: ReleaseEntity, event: string, payload: Json): Promise<HookOutcome> }
  /** True when the transaction has this one write: its last statements bring the commit with them. */
  isWhole: boolean
  /** The instant of the write, RFC 3339. */
  now: string
  /** Runs statements in a transaction of their own that is committed at once. */
  apart<T>(work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T>
  /** After-hooks that led here one from the other. */
  chain: number
  /** Something was written that after-hooks and open pages will be told. */
  noteChange(pluginId: string): void
}

export type Values = { [field: string]: Json }
