import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface Sending {
  isSending: Ref<boolean>
  /** What the server refused last. */
  failure: ShallowRef<unknown>
  /** Runs `work`; what it throws becomes `failure`. */
  send(work: () => Promise<unknown>): Promise<void>
}

/** What every dialog does when it is saved: shows that it works, and what came of it. */
export function useSending(): Sending {
  const isSending = ref(false)
  const failure = shallowRef<unknown>()
  async function send(work: () => Promise<unknown>): Promise<void> {
    isSending.value = true
    failure.value = undefined
    try {
      await work()
    } catch (error) {
      failure.value = error
    } finally {
      isSending.value = false
    }
  }
  return { isSending, failure, send }
}
