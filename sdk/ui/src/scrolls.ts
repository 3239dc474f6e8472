import { onScopeDispose, ref, watch, type Ref } from 'vue'

/** Whether an element holds more than it shows. `content` is the one element in it: its size tells of what grows. */
export function useScrolls(frame: Readonly<Ref<HTMLElement | null>>, content: Readonly<Ref<HTMLElement | null>>): Ref<boolean> {
  const scrolls = ref(false)
  const observer = new ResizeObserver(() => {
    scrolls.value = frame.value !== null && frame.value.scrollHeight > frame.value.clientHeight + 1
  })
  watch([frame, content], (elements) => {
    observer.disconnect()
    for (const element of elements) if (element) observer.observe(element)
  })
  onScopeDispose(() => observer.disconnect())
  return scrolls
}
