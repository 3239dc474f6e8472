import type { Page } from '@opsflux/sdk'
import { computed, ref } from 'vue'
import { countText } from './format.ts'
import { useLoad, type Followed } from './load.ts'
import { useHse, useLocale } from './module.ts'

interface PageQuery { limit: number; count: true; after?: string }

/** A list by pages, and what its pagination shows. */
export function usePages<T>(size: number, read: (page: PageQuery) => Promise<Page<T>>, followed: Followed) {
  const { t } = useHse()
  const locale = useLocale()
  /** Cursors of the pages gone through; the last one is that of the page shown. */
  const cursors = ref<string[]>([])
  const load = useLoad(() => {
    const after = cursors.value.at(-1)
    return read({ limit: size, count: true, ...(after ? { after } : {}) })
  }, followed)
  const summary = computed(() => {
    const { data: rows = [], total = 0 } = load.data.value ?? {}
    const first = cursors.value.length * size
    return t('list.summary', { first: rows.length === 0 ? 0 : first + 1, last: first + rows.length, total: countText(total, locale.value) })
  })

  async function turn(forward: boolean): Promise<void> {
    const next = load.data.value?.next
    if (!forward) cursors.value.pop()
    else if (next) cursors.value.push(next)
    await load.reload()
  }

  return {
    ...load, summary, turn, hasPrevious: computed(() => cursors.value.length > 0), hasNext: computed(() => Boolean(load.data.value?.next)),
    /** The next read is that of the first page. */
    restart: () => { cursors.value = [] },
  }
}
