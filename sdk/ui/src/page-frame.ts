import { computed, inject, onScopeDispose, provide, ref, shallowRef, watchEffect, type ComputedRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'

export interface Crumb { label: string; to?: string }

/** What a shell offers to the page headers inside it. */
export interface PageFrame {
  /** Where the page's `<h1>` goes; without a frame it stands in the page. */
  readonly titleTarget: ShallowRef<HTMLElement | null>
  /** Title of the header on the page, undefined while there is none. */
  readonly title: ComputedRef<string | undefined>
  /** The breadcrumbs of a page that gives none itself. */
  readonly breadcrumbs: Ref<readonly Crumb[]>
  register(title: () => string): void
}

const frameKey: InjectionKey<PageFrame> = Symbol.for('opsflux.ui.frame') as InjectionKey<PageFrame>

/** Called by a shell: page headers below it put their title in its top bar. */
export function providePageFrame(): PageFrame {
  const titles = ref<{ id: number; text: string }[]>([])
  let count = 0
  const frame: PageFrame = {
    titleTarget: shallowRef(null),
    title: computed(() => titles.value.at(-1)?.text),
    breadcrumbs: ref([]),
    register(title) {
      const id = (count += 1)
      watchEffect(() => {
        const text = title()
        titles.value = [...titles.value.filter((entry) => entry.id !== id), { id, text }]
      }, { flush: 'post' })
      onScopeDispose(() => { titles.value = titles.value.filter((entry) => entry.id !== id) })
    },
  }
  provide(frameKey, frame)
  return frame
}

export function usePageFrame(): PageFrame | undefined {
  return inject(frameKey, undefined)
}
