import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'

export interface PagedList<T> {
  items: Ref<T[]>
  status: Ref<'loading' | 'ready' | 'error' | 'offline'>
  /** What the last attempt failed with. */
  failure: ShallowRef<unknown>
  hasMore: ComputedRef<boolean>
  isLoadingMore: Ref<boolean>
  load(): Promise<void>
  more(): Promise<void>
}

/** A list that comes in pages by cursor. Begins at once; one that failed without a network begins again when there is one. */
export function usePaged<T>(page: (after: string | undefined) => Promise<{ data: readonly T[]; next: string | null }>): PagedList<T> {
  const items = ref([]) as Ref<T[]>
  const status = ref<'loading' | 'ready' | 'error' | 'offline'>('loading')
  const failure = shallowRef<unknown>()
  const next = ref<string | null>(null)
  const isLoadingMore = ref(false)
  // Of two loads the later one counts, whichever ends first.
  let turn = 0

  async function load(): Promise<void> {
    const mine = (turn += 1)
    if (status.value !== 'ready') status.value = 'loading'
    try {
      const found = await page(undefined)
      if (mine !== turn) return
      items.value = [...found.data]
      next.value = found.next
      status.value = 'ready'
    } catch (error) {
      if (mine !== turn) return
      failure.value = error
      status.value = navigator.onLine ? 'error' : 'offline'
    }
  }

  async function more(): Promise<void> {
    if (next.value === null || isLoadingMore.value) return
    const mine = turn
    isLoadingMore.value = true
    try {
      const found = await page(next.value)
      if (mine !== turn) return
      items.value = [...items.value, ...found.data]
      next.value = found.next
    } catch (error) {
      if (mine !== turn) return
      failure.value = error
      status.value = navigator.onLine ? 'error' : 'offline'
    } finally {
      isLoadingMore.value = false
    }
  }

  const backOnline = (): void => { if (status.value === 'offline') void load() }
  addEventListener('online', backOnline)
  onScopeDispose(() => removeEventListener('online', backOnline))
  void load()
  return { items, status, failure, hasMore: computed(() => next.value !== null), isLoadingMore, load, more }
}
