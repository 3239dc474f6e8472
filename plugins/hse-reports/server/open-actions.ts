import type { Context } from '@opsflux/sdk'
import type { entities } from '../entities.ts'

/** One line of what is left to do. */
export interface OpenAction {
  id: string
  incident: string
  title: string
  owner: string
  /** Absent unless the capability `users.read` is granted. */
  ownerName?: string
  due: string
  overdue: boolean
}

type Call = Pick<Context<typeof entities>, 'db' | 'users' | 'now' | 'can'>

/** Open corrective actions, the most urgent first; at most 200. */
export async function openActions({ incident }: { incident?: string | null }, { db, users, now, can }: Call): Promise<OpenAction[]> {
  const actions = await db.correctiveAction.find({ where: { state: 'open', ...(incident ? { incident } : {}) }, sort: ['due', 'id'], limit: 200 })
  const owners = [...new Set(actions.map(({ owner }) => owner))]
  const names = can('users.read') && owners.length > 0 ? await users.names(owners) : {}
  return actions.map(({ id, incident: of, title, owner, due }) => {
    const ownerName = names[owner]
    return { id, incident: of, title, owner, due, overdue: due < now.slice(0, 10), ...(ownerName ? { ownerName } : {}) }
  })
}
