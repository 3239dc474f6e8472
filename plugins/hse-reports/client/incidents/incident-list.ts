import type { Query } from '@opsflux/sdk'
import type { TableSort } from '@opsflux/ui'
import { computed, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { entities } from '../../entities.ts'
import { useLoad } from '../shared/load.ts'
import { useHse } from '../shared/module.ts'
import { chosenFrom, type Chosen } from './filters.ts'

const pageSize = 25
const typingPauseMs = 250

/** The incident list: filters kept in the address, sorting, and pages by cursor. */
export function useIncidentList() {
  const { api } = useHse()
  const route = useRoute()
  const router = useRouter()
  const chosen = ref<Chosen>(chosenFrom(route.query))
  const sort = ref<TableSort | undefined>({ key: 'occurredAt', direction: 'desc' })
  /** Cursors of the pages gone through; the last one is that of the page shown. */
  const cursors = ref<string[]>([])

  const load = useLoad(() => {
    const after = cursors.value.at(-1)
    return api.entities.incident.list({ ...queryOf(chosen.value, sort.value), limit: pageSize, count: true, ...(after ? { after } : {}) })
  }, 'incident')

  let pause: ReturnType<typeof setTimeout> | undefined
  watch([chosen, sort], ([now], [before]) => {
    cursors.value = []
    clearTimeout(pause)
    pause = setTimeout(() => void load.reload(), now.q === before.q ? 0 : typingPauseMs)
    void router.replace({ query: Object.fromEntries(Object.entries(now).filter(([, value]) => value !== '')) })
  })

  return {
    ...load,
    chosen,
    sort,
    first: computed(() => cursors.value.length * pageSize + 1),
    hasPrevious: computed(() => cursors.value.length > 0),
    hasNext: computed(() => Boolean(load.data.value?.next)),
    async next(): Promise<void> {
      const cursor = load.data.value?.next
      if (cursor) cursors.value.push(cursor)
      await load.reload()
    },
    async previous(): Promise<void> {
      cursors.value.pop()
      await load.reload()
    },
  }
}

function queryOf({ q, ...where }: Chosen, sort: TableSort | undefined): Query<typeof entities.incident> {
  const tests = Object.fromEntries(Object.entries(where).filter(([, value]) => value !== ''))
  return {
    where: tests,
    ...(q?.trim() ? { q: q.trim() } : {}),
    ...(sort ? { sort: `${sort.direction === 'desc' ? '-' : ''}${sort.key}` } : {}),
  } as Query<typeof entities.incident>
}
