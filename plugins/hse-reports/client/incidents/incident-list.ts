import type { Query } from '@opsflux/sdk'
import type { TableSort } from '@opsflux/ui'
import { ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { entities } from '../../entities.ts'
import { useHse } from '../shared/module.ts'
import { usePages } from '../shared/pages.ts'
import { chosenFrom, type Chosen } from './filters.ts'

const pageSize = 25
const typingPauseMs = 250

/** The incident list: filters kept in the address, sorting, and pages. */
export function useIncidentList() {
  const { api } = useHse()
  const route = useRoute()
  const router = useRouter()
  const chosen = ref<Chosen>(chosenFrom(route.query))
  const sort = ref<TableSort | undefined>({ key: 'occurredAt', direction: 'desc' })
  const pages = usePages(pageSize, (page) => api.entities.incident.list({ ...queryOf(chosen.value, sort.value), ...page }), 'incident')

  let pause: ReturnType<typeof setTimeout> | undefined
  watch([chosen, sort], ([now], [before]) => {
    pages.restart()
    clearTimeout(pause)
    pause = setTimeout(() => void pages.reload(), now.q === before.q ? 0 : typingPauseMs)
    void router.replace({ query: Object.fromEntries(Object.entries(now).filter(([, value]) => value !== '')) })
  })

  return { ...pages, chosen, sort }
}

function queryOf({ q, ...where }: Chosen, sort: TableSort | undefined): Query<typeof entities.incident> {
  const tests = Object.fromEntries(Object.entries(where).filter(([, value]) => value !== ''))
  return {
    where: tests,
    ...(q?.trim() ? { q: q.trim() } : {}),
    ...(sort ? { sort: `${sort.direction === 'desc' ? '-' : ''}${sort.key}` } : {}),
  } as Query<typeof entities.incident>
}
