import { isOpsFluxError } from '@opsflux/sdk'
import { useI18n } from 'vue-i18n'

/** Says an error in the user's language: a title by its code, and what the server adds. */
export function useErrorText(): (error: unknown) => { title: string; detail: string } {
  const { t } = useI18n()
  return (error) => {
    const code = isOpsFluxError(error) ? error.code : 'internal'
    return { title: t(`errors.${code}`), detail: isOpsFluxError(error) && error.code !== 'internal' ? error.message : t('errors.tryAgain') }
  }
}
