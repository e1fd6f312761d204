#!/usr/bin/env bash
# Tests the tests: builds the project with its seeded bugs (crates/card/src/seeded.rs) and runs, for each, the tests that must notice it.
# First without any bug, where all of them must pass. Exit 1 when a bug goes unnoticed. seeded-bugs.sh [BUG…] looks at some only.
set -u
cd "$(dirname "$0")/.."

# Bug, then the tests meant to catch it (parts of their names).
BUGS=(
  "FolderUnsynced        a_crash_at_a_sample_of_operations"
  "DataUnsynced          a_crash_at_a_sample_of_operations"
  "SyncRetried           after_a_failed_commit_nothing_more_is_written"
  "IndexBelieved         an_index_of_another_history_is_told a_copy_of_the_index_is_folded_on"
  "NumbersUncommitted    nothing_of_a_batch_is_made_before_its_numbers"
  "CutPhotoAccepted      every_cut_is_found"
  "HeaderBelieved        wrong_sizes_are_refused_before_decoding a_night_ends_as_expected"
  "HashOrder             one_thread_and_three_make_the_same_bytes a_crash_at_a_sample_of_operations"
  "CountedIds            one_thread_and_three_make_the_same_bytes the_same_pages_give_the_same_bytes_again"
  "ClockInOutput         a_clock_that_jumps_between_runs"
  "ApproverTwice         people::"
  "ReplayByName          a_night_ends_as_expected"
  "UnkeyedDigest         keyed_digests_separate_their_parts"
  "TokenAfterBytes       nothing_leaves_twice_wherever_a_hand_over_is_killed nothing_is_printed_twice_wherever_a_print_job_is_killed"
  "ResendInDoubt         nothing_leaves_twice_wherever_a_hand_over_is_killed"
  "AttemptAfterBytes     no_card_is_made_twice_wherever_the_ledger_stops"
  "DoubtPlayedAgain      no_card_is_made_twice_wherever_the_ledger_stops"
)

tests() { # bug, filters…
  local bug=$1; shift
  CARDLINE_SEEDED_BUG=$bug cargo test --workspace --features cardline/seeded-bugs --no-fail-fast -- "$@" 2>&1
}

known=$(grep -c '^        Self::[A-Za-z]*,$' crates/card/src/seeded.rs)
if [ "$known" -ne "${#BUGS[@]}" ]; then
  echo "crates/card/src/seeded.rs has $known bugs, this list ${#BUGS[@]}"; exit 1
fi

if [ $# -gt 0 ]; then
  for i in "${!BUGS[@]}"; do [[ " $* " == *" ${BUGS[$i]%% *} "* ]] || unset "BUGS[$i]"; done
fi

all=$(for line in "${BUGS[@]}"; do read -r _ filters <<<"$line"; echo "$filters"; done | tr ' ' '\n' | sort -u | tr '\n' ' ')
# shellcheck disable=SC2086
if ! out=$(tests "" $all); then
  echo "without a bug the tests fail:"; echo "$out" | grep -E '^test .*FAILED|^error' ; exit 1
fi
missed=0
for line in "${BUGS[@]}"; do
  read -r bug filters <<<"$line"
  # shellcheck disable=SC2086
  out=$(tests "$bug" $filters); code=$?
  caught=$(echo "$out" | sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' | tr '\n' ' ')
  # Anything but failing tests (a build that fails, say) is no catch.
  if [ "$code" -ne 0 ] && [ -n "$caught" ]; then
    echo "caught   $bug by $caught"
  else
    echo "MISSED   $bug"; missed=$((missed + 1))
  fi
done
echo "${#BUGS[@]} seeded bugs, $missed missed"
[ "$missed" -eq 0 ]
