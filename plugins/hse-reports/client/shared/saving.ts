import { isOpsFluxError } from '@opsflux/sdk/client'
import { nextTick, ref, type Ref } from 'vue'
import { useHse } from './module.ts'
import { fieldErrorsOf, focusFirstError, messageOf, missingFields } from './problems.ts'

interface Sending {
  /** Sends it, and does what follows when that went well. */
  request(): Promise<unknown>
  /** Message of the toast then. */
  done: string
  /** Of several buttons, the one that shows that it works. */
  kind?: string
  /** What must not be empty, and where. */
  draft?: object
  required?: readonly string[]
  /** What a conflict means here. */
  conflict?: string
}

/** A form on its way to the server: which button works, what is wrong with which field or with all of it, and whether somebody else was faster. */
export function useSaving(form?: Readonly<Ref<HTMLFormElement | null>>) {
  const { t, toast } = useHse()
  const working = ref<string>()
  const errors = ref<Record<string, string>>({})
  const problem = ref('')
  const stale = ref(false)

  function reset(): void {
    errors.value = {}
    problem.value = ''
    stale.value = false
  }

  /** The first wrong field gets the focus. */
  async function send({ draft = {}, required = [], ...sending }: Sending): Promise<void> {
    if (working.value) return
    reset()
    errors.value = missingFields(draft, required, t)
    if (Object.keys(errors.value).length === 0) await attempt(sending)
    await nextTick()
    focusFirstError(form?.value ?? null)
  }

  async function attempt({ request, done, kind = 'save', conflict }: Sending): Promise<void> {
    working.value = kind
    try {
      await request()
      toast(t(done), 'success')
    } catch (error) {
      const isConflict = conflict !== undefined && isOpsFluxError(error) && error.code === 'conflict'
      errors.value = isConflict ? {} : fieldErrorsOf(error)
      problem.value = isConflict ? t(conflict) : messageOf(error, t)
      stale.value = isOpsFluxError(error) && error.code === 'stale-record'
    } finally {
      working.value = undefined
    }
  }

  return { working, errors, problem, stale, reset, send }
}
