import { shallowRef } from 'vue'

export type ToastKind = 'success' | 'error' | 'info'
export interface Toast { id: number; message: string; kind: ToastKind; action?: { label: string; run(): void } }

/** What UiToaster shows; newest last, at most four. */
export const toasts = shallowRef<readonly Toast[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()
const shownMs = { success: 5_000, info: 5_000, error: 12_000 }
let lastId = 0

/** Says something in passing. Errors stay longer. @returns takes it away again. */
export function toast(message: string, kind: ToastKind = 'info', action?: Toast['action']): () => void {
  const id = (lastId += 1)
  toasts.value = [...toasts.value, { id, message, kind, ...(action ? { action } : {}) }].slice(-4)
  resumeToast(id)
  return () => dismissToast(id)
}

export function dismissToast(id: number): void {
  pauseToast(id)
  toasts.value = toasts.value.filter((entry) => entry.id !== id)
}

/** A toast under the pointer or with the focus does not go away (WCAG 2.2.1). */
export function pauseToast(id: number): void {
  clearTimeout(timers.get(id))
  timers.delete(id)
}

export function resumeToast(id: number): void {
  const entry = toasts.value.find((candidate) => candidate.id === id)
  if (!entry) return
  pauseToast(id)
  timers.set(id, setTimeout(() => dismissToast(id), shownMs[entry.kind]))
}
