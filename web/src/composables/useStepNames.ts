/** The words for a step of a script. */
import { useI18n } from 'vue-i18n'

export function useStepNames() {
  const { t } = useI18n()

  /** `place` counts from 0; null: the step is not in the script any more. */
  function stepName(place: number | null): string {
    return place === null
      ? t('enrolments.stepGone')
      : t('enrolments.step', { place: place + 1 })
  }

  return { stepName }
}
