import { isOpsFluxError } from '@opsflux/sdk/client'
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { messageOf } from './problems.ts'
import { useHse } from './module.ts'

export type Phase = 'loading' | 'ready' | 'forbidden' | 'missing' | 'failed'

export interface Load<T> {
  data: ShallowRef<T | undefined>
  /** What the page shows; data once shown stays while it is read again. */
  phase: Ref<Phase>
  /** A read is running. */
  busy: Ref<boolean>
  problem: Ref<string>
  reload(): Promise<void>
}

/** An entity whose changes are shown. */
export type Followed = 'incident' | 'exposureHours' | 'correctiveAction'

/** Many changes at once, such as an import, are one read. */
const changesPauseMs = 400

/** Reads what a page shows: at once, on `reload`, and after changes of the entity it follows. Of overlapping reads the last one counts. */
export function useLoad<T>(read: () => Promise<T>, followed?: Followed): Load<T> {
  const { t, watch } = useHse()
  const data = shallowRef<T>()
  const phase = ref<Phase>('loading')
  const busy = ref(false)
  const problem = ref('')
  let latest = 0

  async function reload(): Promise<void> {
    const turn = (latest += 1)
    busy.value = true
    if (phase.value !== 'ready') phase.value = 'loading'
    try {
      const answer = await read()
      if (turn !== latest) return
      data.value = answer
      phase.value = 'ready'
    } catch (error) {
      if (turn !== latest) return
      problem.value = messageOf(error, t)
      phase.value = phaseOf(error)
    } finally {
      if (turn === latest) busy.value = false
    }
  }

  if (followed) {
    let pause: ReturnType<typeof setTimeout> | undefined
    const unwatch = watch(followed, () => {
      clearTimeout(pause)
      pause = setTimeout(() => void reload(), changesPauseMs)
    })
    onScopeDispose(() => {
      unwatch()
      clearTimeout(pause)
    })
  }
  void reload()
  return { data, phase, busy, problem, reload }
}

function phaseOf(error: unknown): Phase {
  if (!isOpsFluxError(error)) return 'failed'
  if (error.code === 'forbidden') return 'forbidden'
  return error.code === 'not-found' ? 'missing' : 'failed'
}
