#!/usr/bin/env bash
# Grades one checkout with a course from elsewhere; see action.yml for the inputs.
set -euo pipefail

refuse() {
    echo "::error title=autograder::$1"
    exit 2
}

inside() { # whether $1 is $2 or lies in it; both are resolved
    [[ "$1" == "$2" || "$1" == "$2"/* ]]
}

work="$WORK"
# What the student wrote must not be where programs look for their files.
cd "$work"

submission="$(realpath -m -- "$GITHUB_WORKSPACE/$SUBMISSION")"
[[ -d "$submission" ]] || refuse "submission: there is no folder $SUBMISSION in the workspace; check the student's repository out there (actions/checkout, path: $SUBMISSION)"
! inside "$work" "$submission" || refuse "submission: $SUBMISSION is no checkout, it contains the runner's own files"

if [[ -n "$COURSE_ARCHIVE" ]]; then
    [[ -z "$COURSE" ]] || refuse "course and course-archive: give one of them"
    mkdir -p "$work/course"
    base64 --decode <<< "$COURSE_ARCHIVE" 2> /dev/null | tar -xz -C "$work/course" 2> /dev/null \
        || refuse "course-archive: is not a .tar.gz in base64; write it with 'autograder pack' and 'base64 -w0'"
    course="$work/course"
elif [[ -n "$COURSE" ]]; then
    course="$(realpath -m -- "$GITHUB_WORKSPACE/$COURSE")"
    [[ -e "$course" ]] || refuse "course: there is no $COURSE in the workspace; check the course's private repository out there, or give course-archive (in a fork, secrets are empty)"
    # A student could put hidden tests of his own there.
    ! inside "$course" "$submission" || refuse "course: $COURSE lies in the student's checkout; check the two repositories out beside each other"
    if [[ -f "$course" ]]; then
        mkdir -p "$work/course"
        case "$course" in
            *.gpg)
                [[ -n "$COURSE_KEY" ]] || refuse "course-key: is empty, and $COURSE is encrypted (in a fork, secrets are empty)"
                # gpg refuses what was changed after it was encrypted.
                mkdir -m 700 -p "$work/gnupg"
                GNUPGHOME="$work/gnupg" gpg --quiet --batch --yes --pinentry-mode loopback \
                    --passphrase-fd 3 --output "$work/course.tar.gz" --decrypt "$course" \
                    3<<< "$COURSE_KEY" 2> /dev/null \
                    || refuse "course: $COURSE cannot be decrypted with course-key"
                gpgconf --homedir "$work/gnupg" --kill all 2> /dev/null || true
                ;;
            *.tar.gz) cp -- "$course" "$work/course.tar.gz" ;;
            *) refuse "course: $COURSE is neither a folder nor a .tar.gz or .tar.gz.gpg" ;;
        esac
        tar -xzf "$work/course.tar.gz" -C "$work/course" 2> /dev/null \
            || refuse "course: $COURSE is not an archive that 'autograder pack' wrote"
        course="$work/course"
    fi
else
    refuse "course: say where the hidden tests come from, with course or course-archive (in a fork, secrets are empty)"
fi
unset COURSE_ARCHIVE COURSE_KEY

options=(--course "$course" --assignment "$ASSIGNMENT")
[[ -z "$LANGUAGE_OF_MESSAGES" ]] || options+=(--lang "$LANGUAGE_OF_MESSAGES")
formats=(--format github --format junit --format classroom)
[[ -z "$FEEDBACK" ]] || formats+=(--feedback "$FEEDBACK")

code=0
"$PYTHON" -I -m autograder grade "$submission" --layout repository --student "$STUDENT" \
    --out "$work/grades" --isolation "$ISOLATION" --fail-under "$FAIL_UNDER" --quiet --force \
    "${formats[@]}" "${options[@]}" 2> "$work/complaints" || code=$?
if (( code )); then
    while IFS= read -r line; do
        line="${line//%/%25}"
        echo "::error title=autograder::$line"
    done < "$work/complaints"
fi
if [[ -f "$work/grades/classroom.txt" ]]; then
    {
        echo "classroom=$(< "$work/grades/classroom.txt")"
        echo "junit=$work/grades/junit.xml"
    } >> "$GITHUB_OUTPUT"
fi
exit "$code"
