// `r1 curves RUN...`: the seeds of one recipe side by side, with the goals of R1-Zero on a toy world.
// Paper: [R1 Fig. 1].
#include "pipeline/curves.h"

#include <cstdio>

#include "cli/command.h"

namespace r1 {
namespace {

std::function<int()> setup(CLI::App& app) {
  auto runs = std::make_shared<std::vector<std::string>>();
  auto models = std::make_shared<bool>(false);
  app.add_flag("--models", *models, "print where each run's base, half-way and final models are (--keep-models)");
  app.add_option("runs", *runs, "run folders, one a seed")->required();
  app.footer("Example: r1 curves runs/seed-100 runs/seed-101 runs/seed-102 runs/seed-103 runs/seed-104");
  return [runs, models] {
    std::vector<SeedCurve> seeds;
    for (const std::string& folder : *runs) {
      seeds.push_back(seed_curve(load_run(folder)));
      const SeedCurve& s = seeds.back();
      if (*models)
        for (const CurvePoint* p : {&s.start, &s.half, &s.end})
          std::printf("%s/models/%lld\n", folder.c_str(), static_cast<long long>(p->rollout));
    }
    if (*models) return 0;
    std::fputs(curves_text(seeds).c_str(), stdout);
    return 0;
  };
}

R1_REGISTER(Command, "curves", {"several seeds side by side, with the goals", setup});

}  // namespace
}  // namespace r1
