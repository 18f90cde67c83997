// Which figures a report has, in the paper's order: Figure 1 first, then levels, reflective words, and the health of
// the optimisation. Every figure says in a caption what it shows and where the paper speaks of it. Paper: [R1 Fig. 1],
// [R1 Fig. 8], [R1 Fig. 9], [R1 Eq. 1-4].
#pragma once
#include <string>
#include <vector>

#include "pipeline/report_svg.h"

namespace r1 {

struct Figure {
  std::string title;
  std::string caption;  ///< plain text, our own words
  std::string anchor;   ///< "[R1 Fig. 1]", empty when the paper says nothing of it
  std::vector<Chart> charts;
  bool wide = false;   ///< takes the whole width of the page
  bool aside = false;  ///< wide, with small charts and the caption beside them
};

/// The figures for which the runs have data. One run: several lines a chart; several runs: one colour a run.
std::vector<Figure> figures(const std::vector<Run>& runs);
/// Declared metrics of the main run that no figure shows, each a small chart with its sentence.
std::vector<Figure> other_figures(const std::vector<Run>& runs);
/// A few values read off the paper's own figures, joined by straight lines: the shape to compare with.
Figure paper_figure();

}  // namespace r1
