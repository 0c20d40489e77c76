# What lock screens and the inbox say. "news-" is a fact alone, "detail-" names the value.

alert-private-title = Bellwire
alert-private-body = There is something new.
alert-standard-title = { $child }
alert-full-title = { $course ->
    [none] { $child }
   *[other] { $child }: { $courseName }
}
nobody = Your student

news-assignment-scored = New assignment score
news-assignment-missing = Assignment missing
news-assignment-late = Assignment late
news-assignment-incomplete = Assignment incomplete
news-assignment-cheated = Assignment marked as cheated
news-assignment-exempt = Assignment exempt
news-grade-posted = New grade posted
news-grade-modified = Grade changed
news-attendance-marked = Attendance marked
news-attendance-modified = Attendance changed
news-lunch-low = Lunch balance is low

untitled-assignment = Assignment
untitled-grade = Grade
detail-assignment = { $title }: { $details }
detail-grade = { $title }: { $details }
detail-assignment-scored = { $form ->
    [percent] { $percent }
    [points] { NUMBER($points) } { $pointsCount ->
        [one] point
       *[other] points
    }
   *[text] { $text }
}
detail-assignment-missing = missing
detail-assignment-late = late
detail-assignment-incomplete = incomplete
detail-assignment-cheated = marked as cheated
detail-assignment-exempt = exempt
detail-grade-posted = { $form ->
    [percent] { $percent }
   *[text] { $text }
}
detail-grade-modified = { $form ->
    [percent] now { $percent }
   *[text] now { $text }
}
detail-attendance-marked = { $period ->
    [none] { $status } on { $day }
   *[other] { $status } on { $day }, period { $periodName }
}
detail-attendance-modified = { $period ->
    [none] Now { $status } on { $day }
   *[other] Now { $status } on { $day }, period { $periodName }
}
detail-lunch-low = The lunch balance is { $balance }

status-present = present
status-absent = absent
status-absent-excused = absent (excused)
status-absent-unexcused = absent (unexcused)
status-tardy = tardy
status-tardy-excused = tardy (excused)
status-tardy-unexcused = tardy (unexcused)
status-early_release = released early
status-early_release-excused = released early (excused)
status-early_release-unexcused = released early (unexcused)

summary-private = { $count ->
    [one] There is { NUMBER($count) } update.
   *[other] There are { NUMBER($count) } updates.
}
summary-standard = { $count ->
    [one] { NUMBER($count) } update
   *[other] { NUMBER($count) } updates
}
several-private = There are several updates.
several-standard = Several updates
