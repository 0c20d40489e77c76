# Lo que dicen la pantalla de bloqueo y la bandeja. "news-" es el hecho solo; "detail-" nombra el valor.

alert-private-title = Bellwire
alert-private-body = Hay novedades.
alert-standard-title = { $child }
alert-full-title = { $course ->
    [none] { $child }
   *[other] { $child }: { $courseName }
}
nobody = Su estudiante

news-assignment-scored = Nueva calificación de una tarea
news-assignment-missing = Tarea sin entregar
news-assignment-late = Tarea atrasada
news-assignment-incomplete = Tarea incompleta
news-assignment-cheated = Tarea marcada como copiada
news-assignment-exempt = Tarea exenta
news-grade-posted = Nueva calificación publicada
news-grade-modified = Calificación modificada
news-attendance-marked = Asistencia registrada
news-attendance-modified = Asistencia modificada
news-lunch-low = El saldo del comedor es bajo

untitled-assignment = Tarea
untitled-grade = Calificación
detail-assignment = { $title }: { $details }
detail-grade = { $title }: { $details }
detail-assignment-scored = { $form ->
    [percent] { $percent }
    [points] { NUMBER($points) } { $pointsCount ->
        [one] punto
       *[other] puntos
    }
   *[text] { $text }
}
detail-assignment-missing = sin entregar
detail-assignment-late = atrasada
detail-assignment-incomplete = incompleta
detail-assignment-cheated = marcada como copiada
detail-assignment-exempt = exenta
detail-grade-posted = { $form ->
    [percent] { $percent }
   *[text] { $text }
}
detail-grade-modified = { $form ->
    [percent] ahora { $percent }
   *[text] ahora { $text }
}
detail-attendance-marked = { $period ->
    [none] { $status }, { $day }
   *[other] { $status }, { $day }, período { $periodName }
}
detail-attendance-modified = { $period ->
    [none] Ahora { $status }, { $day }
   *[other] Ahora { $status }, { $day }, período { $periodName }
}
detail-lunch-low = El saldo del comedor es { $balance }

status-present = presente
status-absent = ausente
status-absent-excused = ausente (justificada)
status-absent-unexcused = ausente (sin justificar)
status-tardy = tarde
status-tardy-excused = tarde (justificada)
status-tardy-unexcused = tarde (sin justificar)
status-early_release = salida anticipada
status-early_release-excused = salida anticipada (justificada)
status-early_release-unexcused = salida anticipada (sin justificar)

summary-private = { $count ->
    [one] Hay { NUMBER($count) } novedad.
   *[other] Hay { NUMBER($count) } novedades.
}
summary-standard = { $count ->
    [one] { NUMBER($count) } novedad
   *[other] { NUMBER($count) } novedades
}
several-private = Hay varias novedades.
several-standard = Varias novedades
