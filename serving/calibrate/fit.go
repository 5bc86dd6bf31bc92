package calibrate

import (
	"math"
	"runtime"

	"breakeven/serving"
)

// Values are searched on a line without bounds: u = ln((v − low) / (high − v)), of the logarithms for times,
// which span decades.
func free(c serving.Constant, v float64) float64 {
	low, high := c.Low, c.High
	if high < timeHigh {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	x := min(max((v-low)/(high-low), 1e-3), 1-1e-3)
	return math.Log(x / (1 - x))
}

func bound(c serving.Constant, u float64) float64 {
	x := 1 / (1 + math.Exp(-u))
	if c.High < timeHigh {
		return math.Exp(math.Log(c.Low) + x*(math.Log(c.High)-math.Log(c.Low)))
	}
	return c.Low + x*(c.High-c.Low)
}

// timeHigh tells times from shares: no time's bound reaches it.
const timeHigh = 0.5

// each runs f for every index, on all processors. What f writes must depend on its index alone.
func each(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	done := make(chan struct{}, workers)
	for w := range workers {
		go func() {
			for i := w; i < n; i += workers {
				f(i)
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
}

// solve solves a symmetric positive definite system by Cholesky's method, in place. It reports failure where the
// matrix is not positive definite.
func solve(a [][]float64, b []float64) bool {
	n := len(b)
	for i := range n {
		for j := range i + 1 {
			s := a[i][j]
			for k := range j {
				s -= a[i][k] * a[j][k]
			}
			if i == j {
				if s <= 0 {
					return false
				}
				a[i][i] = math.Sqrt(s)
			} else {
				a[i][j] = s / a[j][j]
			}
		}
	}
	for i := range n {
		for k := range i {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[k][i] * b[k]
		}
		b[i] /= a[i][i]
	}
	return true
}

// leastAbsolute minimises Σ weight·|residual| over u by Levenberg and Marquardt's method on reweighted squares:
// the method of least squares follows a few wild rows, of which tables have many. The residuals are of every
// trial at u. It is deterministic.
func leastAbsolute(u []float64, weights []float64, prior float64, residuals func(u []float64) []float64, rounds int) ([]float64, float64) {
	const soft = 0.03 // below this residuals count as their squares
	origin := append([]float64(nil), u...)
	loss := func(u, r []float64) float64 {
		var sum float64
		for i, x := range r {
			sum += weights[i] * (math.Sqrt(x*x+soft*soft) - soft)
		}
		for j := range u {
			sum += prior * (u[j] - origin[j]) * (u[j] - origin[j])
		}
		return sum
	}
	n := len(u)
	r := residuals(u)
	best := loss(u, r)
	damping := 1e-2
	for range rounds {
		const h = 0.02
		jacobian := make([][]float64, n)
		for j := range n {
			v := append([]float64(nil), u...)
			v[j] += h
			jacobian[j] = residuals(v)
			for i := range r {
				jacobian[j][i] = (jacobian[j][i] - r[i]) / h
			}
		}
		improved := false
		for range 6 {
			a, b := make([][]float64, n), make([]float64, n)
			for j := range n {
				a[j] = make([]float64, n)
				b[j] = -2 * prior * (u[j] - origin[j])
				for i, x := range r {
					b[j] -= weights[i] / math.Sqrt(x*x+soft*soft) * jacobian[j][i] * x
				}
				for k := range j + 1 {
					for i, x := range r {
						a[j][k] += weights[i] / math.Sqrt(x*x+soft*soft) * jacobian[j][i] * jacobian[k][i]
					}
				}
				a[j][j] = a[j][j]*(1+damping) + 2*prior + 1e-9
			}
			v := append([]float64(nil), u...)
			if solve(a, b) {
				for j := range v {
					v[j] = min(max(v[j]+min(max(b[j], -1.5), 1.5), -7), 7)
				}
				next := residuals(v)
				if l := loss(v, next); l < best*(1-1e-5) {
					u, r, best, improved = v, next, l, true
					damping = max(damping/5, 1e-6)
					break
				}
			}
			damping *= 6
		}
		if !improved {
			break
		}
	}
	return u, best
}
