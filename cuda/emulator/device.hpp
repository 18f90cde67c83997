// The emulator's half of gpu.hpp: the names of gpu/nvcc_*.hpp over emulator/api.hpp, so that the same kernel sources
// compile as plain C++. What each name means is said there. Paper: none.
#pragma once
#include "emulator/device_async.hpp"
#include "emulator/device_core.hpp"
#include "emulator/device_launch.hpp"
#include "emulator/device_math.hpp"
#include "emulator/device_warp.hpp"
