// Metrics of an evaluation on held-out problems, all from eval/summary.h. Paper: [R1 App. D.1], [R1 App. C].
#pragma once
#include "base/log.h"

namespace r1 {

R1_METRIC(kEvalProblems, "eval/problems", "Held-out problems in the evaluation.");
R1_METRIC(kEvalSamples, "eval/samples", "Answers drawn for each problem.");
R1_METRIC(kEvalSeconds, "eval/seconds", "Seconds the evaluation took.");
R1_METRIC_INTERVAL(
    kEvalPassAt, "eval/pass_at_*",
    "pass@*: chance that one of * answers is right, unbiased; pass@1 is the mean share of right answers.");
R1_METRIC_INTERVAL(
    kEvalConsAt, "eval/cons_at_*",
    "cons@*: share of problems that a majority vote of * answers gets right; all answers without a readable "
    "result stand together as one candidate that is wrong, and ties are split.");
R1_METRIC_INTERVAL(kEvalConsGain, "eval/cons_gain", "cons@k minus pass@1, paired by problem: what voting adds.");
R1_METRIC_INTERVAL(kEvalFormat, "eval/format", "Share of answers with exactly the asked form.");
R1_METRIC_INTERVAL(kEvalLength, "eval/length", "Mean number of generated tokens an answer.");
R1_METRIC_INTERVAL(kEvalTruncated, "eval/truncated", "Share of answers that reached the length limit.");
R1_METRIC_INTERVAL(kEvalUnparsed, "eval/unparsed", "Share of answers without a readable result.");
R1_METRIC_INTERVAL(kEvalReflective, "eval/reflective", "Mean count an answer of the paper's ten reflective words.");
R1_METRIC_INTERVAL(kEvalKin, "eval/kin", "Mean count an answer of the run's own list of words akin to the ten.");
R1_METRIC(kEvalWord, "eval/word_*", "Mean count of the word * an answer.");

R1_METRIC_INTERVAL(kEvalLevel, "eval/level_*", "pass@1 on the problems of level *.");
R1_METRIC_INTERVAL(kEvalLevelCons, "eval/level_*_cons", "cons@k on the problems of level *.");
R1_METRIC_INTERVAL(kEvalLevelFormat, "eval/level_*_format", "Format rate on the problems of level *.");
R1_METRIC_INTERVAL(kEvalLevelLength, "eval/level_*_length",
                   "Mean answer length on the problems of level *, in tokens.");
R1_METRIC_INTERVAL(kEvalLevelReflective, "eval/level_*_reflective",
                   "Reflective words an answer on the problems of level *.");

R1_METRIC_INTERVAL(kEvalPrompt, "eval/prompt_*", "pass@1 on prompts written in the language *.");
R1_METRIC(kEvalLanguage, "eval/language_*", "Mean share of the words of an answer that are of the language *.");

R1_METRIC(kEvalChecks, "eval/checks", "Checks an answer, found by the task's own oracle.");
R1_METRIC(kEvalRepaired, "eval/repaired",
          "Of the wrong lines that were checked, the share that is right after the check.");
R1_METRIC(kEvalSpoiled, "eval/spoiled",
          "Of the right lines that were checked, the share that is wrong after the check.");

}  // namespace r1
