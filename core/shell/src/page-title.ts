import type { PageFrame } from '@opsflux/ui'
import { computed, watchEffect, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'

const product = 'OpsFlux'

/** The title of the page as it is now, from its header or its route; the document's title follows it. */
export function usePageTitle(frame?: PageFrame): ComputedRef<string> {
  const route = useRoute()
  const { t } = useI18n()
  const title = computed(() => {
    const given = route.meta.title
    return frame?.title.value ?? (typeof given === 'function' ? given(route) : given ? t(given) : '')
  })
  watchEffect(() => { document.title = title.value ? `${title.value} · ${product}` : product })
  return title
}
