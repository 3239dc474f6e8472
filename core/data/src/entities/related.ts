import type { Sql } from '../database/sql.ts'
import type { ReleaseEntity } from './release-entities.ts'

/** The entities that an entity refers to, as one user may see them. */
export interface Related {
  /** `site`, or `hse-reports/incident`; undefined when its plugin does not serve. */
  resolve(target: string): ReleaseEntity | undefined
  /** What the user may see of it, and which of its records (`record`); undefined when none. */
  seen(entity: ReleaseEntity): { entity: ReleaseEntity; condition: Sql } | undefined
  /** The same from the place of another entity: a name without a plugin is of its plugin. */
  from(entity: ReleaseEntity): Related
}
