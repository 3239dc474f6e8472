import { onScopeDispose, watch, type Ref } from 'vue'

/**
 * Makes what lies behind an open list inert. reka-ui hides it from screen readers (`data-aria-hidden`) but leaves its controls
 * focusable, which axe refuses (aria-hidden-focus). Inertness ends before the focus goes back to the trigger.
 */
export function useInertBehind(open: Ref<boolean>): void {
  const made: HTMLElement[] = []
  const release = (): void => { for (const element of made.splice(0)) element.inert = false }
  const hold = (): void => {
    if (!open.value) return
    for (const element of document.querySelectorAll<HTMLElement>('[data-aria-hidden="true"]:not([inert])')) {
      element.inert = true
      made.push(element)
    }
  }
  watch(open, (isOpen) => (isOpen ? void requestAnimationFrame(hold) : release()), { flush: 'sync' })
  onScopeDispose(release)
}
