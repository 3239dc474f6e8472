import type { Sql } from '../database/sql.ts'
import { abilityOf } from './ability.ts'
import type { Actor } from './entity-transaction.ts'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'
import { seenBy } from './selection.ts'

/** The entities that an entity refers to, as one user may see them. */
export interface Related {
  /** `site`, or `hse-reports/incident`; undefined when its plugin does not serve. */
  resolve(target: string): ReleaseEntity | undefined
  /** What the user may see of it, and which of its records (`record`); undefined when none. */
  seen(entity: ReleaseEntity): { entity: ReleaseEntity; condition: Sql } | undefined
  /** The same from the place of another entity: a name without a plugin is of its plugin. */
  from(entity: ReleaseEntity): Related
}

/** @param releases of all plugins that serve */
export function relatedOf(actor: Actor, release: ReleaseEntities, releases: () => readonly ReleaseEntities[]): Related {
  const releaseOf = (pluginId: string): ReleaseEntities | undefined => (pluginId === release.pluginId ? release : releases().find((one) => one.pluginId === pluginId))
  return {
    resolve: (target) => {
      const [first = '', second] = target.split('/')
      const [of, name] = second === undefined ? [release, first] : [releaseOf(first), second]
      return of?.has(name) === true ? of.entity(name) : undefined
    },
    seen: (entity) => {
      const ability = abilityOf(entity.pluginId, actor)
      return ability.may('view', entity) ? { entity: seenBy(entity, ability.readable(entity)), condition: ability.condition('view', entity) } : undefined
    },
    from: (entity) => relatedOf(actor, releaseOf(entity.pluginId) ?? release, releases),
  }
}
