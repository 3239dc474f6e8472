import { inject, provide, type Component, type InjectionKey } from 'vue'

/** Loads a component that shows the CommonMark in its property `text`. */
export type RichTextLoader = () => Promise<Component>

const loaderKey: InjectionKey<RichTextLoader> = Symbol.for('opsflux.ui.rich-text') as InjectionKey<RichTextLoader>

/** Called by a shell: `UiRichText` below it shows formatted text. The kit itself brings no parser of it. */
export function provideRichText(load: RichTextLoader): void {
  provide(loaderKey, load)
}

export function useRichText(): RichTextLoader | undefined {
  return inject(loaderKey, undefined)
}
